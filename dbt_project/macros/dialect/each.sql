{# A list with an expression of `item` in place of each item; null stays null. #}
{% macro each(column, expression) -%}
    {{ return(adapter.dispatch('each', 'dicom_pipeline')(column, expression)) }}
{%- endmacro %}

{% macro duckdb__each(column, expression) -%}
    list_transform({{ column }}, lambda item : {{ expression }})
{%- endmacro %}

{% macro snowflake__each(column, expression) -%}
    transform({{ column }}, item varchar -> {{ expression }})
{%- endmacro %}
