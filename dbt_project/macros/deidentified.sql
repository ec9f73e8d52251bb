{#
    The select that turns raw rows of one table into stage rows, one rule a column.

    Arguments:
        table (str): raw table.
        rows (str): name of a CTE with its rows and the partition column `month`.

    Returns: a select with the surviving columns in raw order and the lineage columns.

    DICOM: PS3.15 Annex E; which action each attribute gets is in the mapping seed.
#}
{% macro deidentified(table, rows) -%}
    -- depends_on: {{ ref('anonymization_mapping') }}, {{ ref('code_lists') }}
    {%- if not execute %}
    select * from {{ rows }}
    {%- else %}
    {%- do assert_key() -%}
    {%- do assert_packaged('code_lists', ['list_name', 'code', 'pattern']) -%}
    {%- set rules = deid_rules(table) %}
    select
        {%- for rule in rules if rule.function != 'drop' %}
        {{ deidentify(rule) }} as {{ rule.name }},
        {%- endfor %}
        {{ phi_batch_token(literal(table), 'keyed_rows.month') }} as batch_token,
        {{ literal(deid_profile()) }} as deid_profile,
        {{ literal(table_sha256(table)) }} as deid_rules_sha256,
        {{ deid_key_version() }} as deid_key_version
    from ({{ keyed_rows(table, rows, rules) }}) as keyed_rows
    {%- endif %}
{%- endmacro %}
