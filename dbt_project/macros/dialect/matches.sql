{# Whether the whole of a text fits a pattern. #}
{% macro matches(expression, pattern) -%}
    {{ return(adapter.dispatch('matches', 'dicom_pipeline')(expression, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(expression, pattern) -%}
    regexp_full_match({{ expression }}, {{ literal(pattern) }})
{%- endmacro %}

{% macro snowflake__matches(expression, pattern) -%}
    regexp_like({{ expression }}, $${{ pattern }}$$)
{%- endmacro %}
