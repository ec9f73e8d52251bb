{#
    Privacy profile of this run: research (dates moved), limited (dates kept) or
    safe_harbor (years alone, random names; its vault is not reached from Snowflake).

    A name that is not on the list stops the run; nothing is assumed.
#}
{% macro deid_profile() -%}
    {%- set profile = env_var('DICOM_PIPELINE_PROFILE', 'research') -%}
    {%- if profile not in ['research', 'limited', 'safe_harbor'] -%}
        {{ exceptions.raise_compiler_error(
            'deid: DICOM_PIPELINE_PROFILE is research, limited or safe_harbor'
        ) }}
    {%- elif profile == 'safe_harbor' and target.type != 'duckdb' -%}
        {{ exceptions.raise_compiler_error(
            'deid: profile safe_harbor needs the target duckdb: its names are in a vault'
        ) }}
    {%- endif -%}
    {{ return(profile) }}
{%- endmacro %}
