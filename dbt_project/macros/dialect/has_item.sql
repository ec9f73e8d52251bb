{# Whether a list of texts has an item; a list that is null has none. #}
{% macro has_item(list, item) -%}
    {{ return(adapter.dispatch('has_item', 'dicom_pipeline')(list, item)) }}
{%- endmacro %}

{% macro duckdb__has_item(list, item) -%}
    coalesce(list_contains({{ list }}, {{ literal(item) }}), false)
{%- endmacro %}

{% macro snowflake__has_item(list, item) -%}
    coalesce(array_contains(cast({{ literal(item) }} as variant), {{ list }}), false)
{%- endmacro %}
