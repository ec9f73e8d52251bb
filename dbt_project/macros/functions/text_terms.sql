{#
    Those words of a description that are in the packaged lexicon of imaging, lower case.

    First every word goes that is part of a name or an identifier of the same patient,
    even where it is a word of the lexicon (HAND, BLOCK, YOUNG). Null if nothing is left.

    Arguments:
        column (str): text.
        people (str): expression of all names and identifiers near the row, as one text.
        type (str): varchar(n).

    The profile safe_harbor leaves bare numbers out: 94 may be an age.

    DICOM: Clean Descriptors Option, PS3.15 E.3.5.
#}
{% macro text_terms(column, people, type) -%}
    {%- set length = type | replace('varchar(', '') | replace(')', '') | int -%}
    {%- if deid_profile() == 'safe_harbor' -%}
        trim(left({{ phi_text_words(column, people) }}, {{ length }}))
    {%- else -%}
        trim(left({{ phi_text_terms(column, people) }}, {{ length }}))
    {%- endif -%}
{%- endmacro %}
