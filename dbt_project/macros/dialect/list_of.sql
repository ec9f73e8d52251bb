{# A list of expressions. #}
{% macro list_of(items) -%}
    {{ return(adapter.dispatch('list_of', 'dicom_pipeline')(items)) }}
{%- endmacro %}

{% macro duckdb__list_of(items) -%}
    [{{ items | join(', ') }}]
{%- endmacro %}

{% macro snowflake__list_of(items) -%}
    array_construct({{ items | join(', ') }})
{%- endmacro %}
