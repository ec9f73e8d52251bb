{#
    Rules of one raw table: a list of dictionaries in the order of the raw columns.

    Fails closed: an empty or changed mapping, a raw column without a rule or with two,
    each stop the compilation and name what is wrong.
#}
{% macro deid_rules(table) -%}
    {%- set columns = ['schema_name', 'table_name', 'column_name', 'target_function',
        'target_type', 'target_column', 'domain', 'argument', 'ps315', 'note'] -%}
    {%- do assert_packaged('anonymization_mapping', columns) -%}
    {%- set query -%}
        select column_name, target_function, target_type, target_column, domain, argument
        from {{ ref('anonymization_mapping') }}
        where schema_name = 'raw' and table_name = '{{ table }}'
    {%- endset -%}
    {%- set by_column = {} -%}
    {%- for row in run_query(query).rows -%}
        {%- if row[0] in by_column -%}
            {{ exceptions.raise_compiler_error(
                'deid: more than one rule for column: raw.' ~ table ~ '.' ~ row[0]
            ) }}
        {%- endif -%}
        {%- do by_column.update({row[0]: {'column': row[0], 'function': row[1],
            'type': row[2], 'name': row[3] or row[0], 'domain': row[4] or '',
            'argument': row[5] or ''}}) -%}
    {%- endfor -%}
    {%- set rules = [] -%}
    {%- for column in raw_columns(table) -%}
        {%- if column not in by_column -%}
            {{ exceptions.raise_compiler_error(
                'deid: no rule for column: raw.' ~ table ~ '.' ~ column
            ) }}
        {%- endif -%}
        {%- do rules.append(in_profile(table, by_column[column])) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}
