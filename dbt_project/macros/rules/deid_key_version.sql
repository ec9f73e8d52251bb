{# Version of the key as an integer literal; every stage row carries it. #}
{% macro deid_key_version() -%}
    {{ return(env_var('DICOM_PIPELINE_KEY_VERSION', '1') | int) }}
{%- endmacro %}
