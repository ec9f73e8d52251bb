{#
    Age as the standard spells it, at most 090Y; anything else is null.

    Arguments:
        column (str): age.
        is_over_89 (str): condition that tells it whatever the age says, or none.

    DICOM: VR AS, PS3.5 6.2: nnnD, nnnW, nnnM or nnnY. Ages above 89 identify.
#}
{% macro age_cap(column, is_over_89=none) -%}
    case
        {%- if is_over_89 %}
        when {{ is_over_89 }} then '090Y'
        {%- endif %}
        when not {{ matches('upper(trim(' ~ column ~ '))', '[0-9]{3}[DWMY]') }} then null
        when upper(trim({{ column }})) like '%Y' and upper(trim({{ column }})) > '089Y'
            then '090Y'
        else upper(trim({{ column }}))
    end
{%- endmacro %}
