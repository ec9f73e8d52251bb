{#
    One list of codes: `exact`, literals; `patterns`, pairs of a pattern and a code.

    The pattern for anything comes last; a list that is not there stops the compilation.
#}
{% macro code_list(list_name) -%}
    {%- set query -%}
        select code, pattern
        from {{ ref('code_lists') }}
        where list_name = {{ literal(list_name) }}
        order by case when pattern = '.+' then 1 else 0 end, code, pattern
    {%- endset -%}
    {%- set codes = {'exact': [], 'patterns': []} -%}
    {%- if not execute -%}
        {{ return(codes) }}
    {%- endif -%}
    {%- for row in run_query(query).rows -%}
        {%- if row[1] -%}
            {%- do codes.patterns.append((row[1], row[0])) -%}
        {%- else -%}
            {%- do codes.exact.append(literal(row[0])) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not (codes.exact or codes.patterns) -%}
        {{ exceptions.raise_compiler_error('deid: no code list ' ~ list_name) }}
    {%- endif -%}
    {{ return(codes) }}
{%- endmacro %}
