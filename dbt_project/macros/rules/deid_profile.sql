{#
    Privacy profile of this run: research (dates moved) or limited (dates kept).

    A name that is not on the list stops the run; nothing is assumed.
#}
{% macro deid_profile() -%}
    {%- set profile = env_var('DICOM_PIPELINE_PROFILE', 'research') -%}
    {%- if profile not in ['research', 'limited'] -%}
        {{ exceptions.raise_compiler_error(
            'deid: DICOM_PIPELINE_PROFILE is research or limited'
        ) }}
    {%- endif -%}
    {{ return(profile) }}
{%- endmacro %}
