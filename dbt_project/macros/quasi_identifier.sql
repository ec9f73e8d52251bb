{# What others may know of a value. #}
{% macro quasi_identifier(column) -%}
    {%- if column.endswith('_age') -%}
        case when {{ column }} like '%Y' then left({{ column }}, 2) else left({{ column }}, 0) end
    {%- elif column.endswith('_date') -%}
        left(cast({{ column }} as varchar), 4)
    {%- else -%}
        {{ column }}
    {%- endif -%}
{%- endmacro %}
