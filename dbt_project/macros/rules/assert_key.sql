{# Stop with a clear message where this profile has no key, before any table is touched. #}
{% macro assert_key() -%}
    {{ return(adapter.dispatch('assert_key', 'dicom_pipeline')()) }}
{%- endmacro %}

{% macro duckdb__assert_key() -%}
    {%- do run_query('select phi_key_check()') -%}
{%- endmacro %}

{% macro snowflake__assert_key() -%}
    {%- do run_query('select deid.phi_key_check()') -%}
{%- endmacro %}
