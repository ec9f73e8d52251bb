{#
    Code that is on a list, in upper case; off the list it is null.

    A string is never kept for its looks: a vendor who writes a Patient ID into Filter
    Type (0018,1160) passed four of four tools that were tried. The lists are the seed
    code_lists: a code as such, or a pattern, with the code it stands for.

    Arguments:
        column (str): text or list of texts.
        type (str): varchar(n) or varchar[].
        list_name (str): list in the seed.
#}
{% macro keep_code(column, type, list_name) -%}
    {%- set codes = code_list(list_name) -%}
    {%- if type.endswith('[]') -%}
        {{ each(column, code_case('upper(trim(item))', codes)) }}
    {%- else -%}
        {{ code_case('upper(trim(' ~ column ~ '))', codes) }}
    {%- endif -%}
{%- endmacro %}

{% macro code_case(value, codes) -%}
    case
        {%- if codes.exact %}
        when {{ value }} in ({{ codes.exact | join(', ') }}) then {{ value }}
        {%- endif %}
        {%- for pattern, code in codes.patterns %}
        when {{ matches(value, pattern) }} then {{ literal(code) if code else value }}
        {%- endfor %}
    end
{%- endmacro %}
