{# Keyed hash, 64 hexadecimal digits, of a text within its class of identifiers. #}
{% macro phi_token(domain, text) -%}
    {{ return(adapter.dispatch('phi_token', 'dicom_pipeline')(domain, text)) }}
{%- endmacro %}

{% macro duckdb__phi_token(domain, text) -%}
    phi_token({{ domain }}, {{ text }})
{%- endmacro %}

{% macro snowflake__phi_token(domain, text) -%}
    deid.phi_hmac({{ domain }}, {{ text }})
{%- endmacro %}
