{#
    A value as another type; null where it does not fit.

    Never a plain cast: its error message quotes the value.
#}
{% macro try_type(expression, type) -%}
    {{ return(adapter.dispatch('try_type', 'dicom_pipeline')(expression, type)) }}
{%- endmacro %}

{% macro duckdb__try_type(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro snowflake__try_type(expression, type) -%}
    try_cast(cast({{ expression }} as varchar) as {{ type }})
{%- endmacro %}
