{#
    Query for the SHA-256, hex, of a seed: its sorted lines, cells parted by U+001F.

    Arguments:
        seed (relation): seed table.
        columns (list of str): its columns in file order.

    Returns: a query of one row and one column.
#}
{% macro seed_sha256(seed, columns) -%}
    {{ return(adapter.dispatch('seed_sha256', 'dicom_pipeline')(seed, columns)) }}
{%- endmacro %}

{% macro duckdb__seed_sha256(seed, columns) -%}
    select sha256(string_agg(line, chr(10) order by line)) as sha256
    from (select {{ seed_line(columns) }} as line from {{ seed }}) as seed
{%- endmacro %}

{% macro snowflake__seed_sha256(seed, columns) -%}
    select sha2(listagg(line, chr(10)) within group (order by line), 256) as sha256
    from (select {{ seed_line(columns) }} as line from {{ seed }}) as seed
{%- endmacro %}

{% macro seed_line(columns) -%}
    {%- for column in columns -%}
        coalesce({{ column }}, '')
        {%- if not loop.last %} || chr(31) || {% endif -%}
    {%- endfor -%}
{%- endmacro %}
