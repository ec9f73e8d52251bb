{#
    Keyed hash of a text, cut to the length that its type names.

    The cut is explicit: DuckDB ignores the length of a varchar, Snowflake enforces it.

    Arguments:
        column (str): text column; spaces around it do not count, empty is null.
        domain (str): class of identifier; equal texts of two classes do not link.
        type (str): varchar(n), n of 16, 32, 48 or 64: a new key renames whole blocks.
#}
{% macro full_hash(column, domain, type) -%}
    {%- set length = type | replace('varchar(', '') | replace(')', '') | int -%}
    {%- if not domain or length < 16 or length % 16 -%}
        {{ exceptions.raise_compiler_error('deid: full_hash without domain, too short or no whole blocks of 16') }}
    {%- endif -%}
    left({{ phi_token(literal(domain), "nullif(trim(cast(" ~ column ~ " as varchar)), '')") }}, {{ length }})
{%- endmacro %}
