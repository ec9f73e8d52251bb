{#
    The raw months of this run: `--vars '{months: [2024-03, unknown]}'`; none is all.

    Returns: a list of literals, or none. A text that is no month stops the run.
#}
{% macro due_months() -%}
    {%- set months = var('months', none) -%}
    {%- if months is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for month in months -%}
        {%- if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}(-[0-9]{2})?|unknown', month) -%}
            {{ exceptions.raise_compiler_error('months: YYYY-MM or unknown') }}
        {%- endif -%}
        {%- do literals.append(literal(month)) -%}
    {%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}
