{#
    A rule as the profile of this run has it: safe_harbor replaces functions and types.

    45 CFR 164.514(b)(2)(i): (C) years alone, (M) no device identifier, (R) no code that
    is derived from the person.
#}
{% macro in_profile(table, rule) -%}
    {%- if deid_profile() == 'safe_harbor' -%}
        {%- set place = table ~ '.' ~ rule.column -%}
        {%- set function = safe_harbor('functions').get(rule.function, rule.function) -%}
        {%- do rule.update({
            'function': safe_harbor('columns').get(place, function),
            'type': safe_harbor('types').get(rule.type, rule.type),
        }) -%}
    {%- endif -%}
    {{ return(rule) }}
{%- endmacro %}
