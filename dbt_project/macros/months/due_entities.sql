{# Condition: a raw row is a version of an entity that is due; see newest_rows. #}
{% macro due_entities(table, raw, key) -%}
    {%- set due = in_months(due_months()) -%}
    {%- if lost_rows(table, raw, key) -%}
        (
            {{ key.raw }} in (select {{ key.raw }} from {{ raw }} where {{ due }})
            or {{ key.token }} in (
                select {{ key.stage }} from {{ this }} where batch_token is null
            )
        )
    {%- else -%}
        {%- set query -%}
            select distinct month
            from {{ raw }}
            where {{ key.raw }} in (select {{ key.raw }} from {{ raw }} where {{ due }})
        {%- endset -%}
        {%- set months = [] -%}
        {%- for row in run_query(query).rows -%}
            {%- do months.append(literal(row[0])) -%}
        {%- endfor -%}
        {{ in_months(months) }}
        and {{ key.raw }} in (select {{ key.raw }} from {{ raw }} where {{ due }})
    {%- endif -%}
{%- endmacro %}
