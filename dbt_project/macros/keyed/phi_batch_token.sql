{# Keyed hash, 16 hexadecimal digits, of one month of one raw table. #}
{% macro phi_batch_token(table_name, month) -%}
    {{ return(adapter.dispatch('phi_batch_token', 'dicom_pipeline')(table_name, month)) }}
{%- endmacro %}

{% macro duckdb__phi_batch_token(table_name, month) -%}
    phi_batch_token({{ table_name }}, {{ month }})
{%- endmacro %}

{% macro snowflake__phi_batch_token(table_name, month) -%}
    deid.phi_batch_token({{ table_name }}, {{ month }})
{%- endmacro %}
