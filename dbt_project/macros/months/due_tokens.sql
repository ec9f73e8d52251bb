{# Condition: a stage row was made from a month of this run. #}
{% macro due_tokens(table) -%}
    {%- set months = due_months() -%}
    {%- if months is none -%}
        true
    {%- elif not months -%}
        false
    {%- else -%}
        batch_token in (
            {%- for month in months -%}
                {{ phi_batch_token(literal(table), month) }}{% if not loop.last %}, {% endif %}
            {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
