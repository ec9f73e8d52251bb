{#
    What this pipeline itself says, whatever came in: an incoming "identity removed: YES"
    is not trusted.

    Arguments:
        type (str): varchar(n) or varchar[].
        argument (str): a text, or "research=text;limited=text"; "+" parts a list.
#}
{% macro set_const(type, argument) -%}
    {%- set found = namespace(text=argument) -%}
    {%- for choice in argument.split(';') if '=' in choice -%}
        {%- if choice.split('=')[0] == deid_profile() -%}
            {%- set found.text = choice.split('=')[1] -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if type.endswith('[]') -%}
        {%- set items = [] -%}
        {%- for item in found.text.split('+') -%}
            {%- do items.append(literal(item)) -%}
        {%- endfor -%}
        {{ list_of(items) }}
    {%- else -%}
        cast({{ literal(found.text) }} as {{ type }})
    {%- endif -%}
{%- endmacro %}
