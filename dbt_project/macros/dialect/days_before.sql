{# A date or a timestamp, some days earlier, as the same type. #}
{% macro days_before(expression, days, type) -%}
    {{ return(adapter.dispatch('days_before', 'dicom_pipeline')(expression, days, type)) }}
{%- endmacro %}

{% macro duckdb__days_before(expression, days, type) -%}
    cast({{ expression }} - to_days({{ days }}) as {{ type }})
{%- endmacro %}

{% macro snowflake__days_before(expression, days, type) -%}
    cast(dateadd(day, -({{ days }}), {{ expression }}) as {{ type }})
{%- endmacro %}
