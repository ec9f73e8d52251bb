{# Time of day; what is no time is null. #}
{% macro keep_time(column) -%}
    {{ try_type(column, 'time') }}
{%- endmacro %}
