{# The item at a position, counted from 1, of a list of numbers; null beyond its end. #}
{% macro item_of(list, position) -%}
    {{ return(adapter.dispatch('item_of', 'dicom_pipeline')(list, position)) }}
{%- endmacro %}

{% macro duckdb__item_of(list, position) -%}
    {{ list }}[{{ position }}]
{%- endmacro %}

{% macro snowflake__item_of(list, position) -%}
    cast(get({{ list }}, {{ position - 1 }}) as double)
{%- endmacro %}
