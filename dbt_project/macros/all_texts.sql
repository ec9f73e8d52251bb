{# The distinct texts of a group as one text. #}
{% macro all_texts(expression) -%}
    {{ return(adapter.dispatch('all_texts', 'dicom_pipeline')(expression)) }}
{%- endmacro %}

{% macro duckdb__all_texts(expression) -%}
    string_agg(distinct {{ expression }}, ' ')
{%- endmacro %}

{% macro snowflake__all_texts(expression) -%}
    listagg(distinct {{ expression }}, ' ')
{%- endmacro %}
