{# Days by which a patient's dates move into the past. #}
{% macro phi_shift_days(patient_key) -%}
    {{ return(adapter.dispatch('phi_shift_days', 'dicom_pipeline')(patient_key)) }}
{%- endmacro %}

{% macro duckdb__phi_shift_days(patient_key) -%}
    phi_shift_days({{ patient_key }})
{%- endmacro %}

{% macro snowflake__phi_shift_days(patient_key) -%}
    deid.phi_shift_days({{ patient_key }})
{%- endmacro %}
