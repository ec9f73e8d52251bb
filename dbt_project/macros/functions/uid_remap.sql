{#
    Keyed UID below 2.25 in place of a UID; well-known UIDs (1.2.840.10008.*) stay.

    Arguments:
        column (str): a UID or a list of UIDs.
        type (str): varchar(64) or varchar[].

    DICOM: action U, PS3.15 E.3; references keep pointing at what they point at.
#}
{% macro uid_remap(column, type) -%}
    {%- if type.endswith('[]') -%}
        {{ each(column, phi_uid('item')) }}
    {%- else -%}
        {{ phi_uid("nullif(trim(" ~ column ~ "), '')") }}
    {%- endif -%}
{%- endmacro %}
