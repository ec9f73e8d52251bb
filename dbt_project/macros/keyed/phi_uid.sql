{# Keyed UID in place of a UID; a well-known UID stays. #}
{% macro phi_uid(uid) -%}
    {{ return(adapter.dispatch('phi_uid', 'dicom_pipeline')(uid)) }}
{%- endmacro %}

{% macro duckdb__phi_uid(uid) -%}
    phi_uid({{ uid }})
{%- endmacro %}

{% macro snowflake__phi_uid(uid) -%}
    deid.phi_uid({{ uid }})
{%- endmacro %}
