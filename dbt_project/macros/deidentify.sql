{#
    The expression that one rule makes of its column.

    A function that is not on this list stops the compilation: nothing passes by default.
#}
{% macro deidentify(rule) -%}
    {%- set column = 'keyed_rows.' ~ rule.column -%}
    {%- set type = rule.type -%}
    {%- set function = rule.function -%}
    {%- if function == 'surrogate_key' -%}
        {{ surrogate_key(rule.domain, 'keyed_rows') }}
    {%- elif function == 'full_hash' -%}
        {{ full_hash(column, rule.domain, type) }}
    {%- elif function == 'anon_text' -%}
        {{ anon_text(column) }}
    {%- elif function == 'uid_remap' -%}
        {{ uid_remap(column, type) }}
    {%- elif function == 'date_shift' -%}
        {{ date_shift(column, 'keyed_rows.own_shift_days') }}
    {%- elif function == 'datetime_shift' -%}
        {{ datetime_shift(column, 'keyed_rows.own_shift_days') }}
    {%- elif function == 'year_only' -%}
        {{ year_only(column) }}
    {%- elif function == 'keep_time' -%}
        {{ keep_time(column) }}
    {%- elif function == 'age_cap' -%}
        {{ age_cap(
            column, 'keyed_rows.own_is_over_89' if deid_profile() == 'safe_harbor' else none
        ) }}
    {%- elif function == 'round_num' -%}
        {{ round_num(column, type, rule.argument) }}
    {%- elif function == 'keep_num' -%}
        {{ keep_num(column, type, rule.argument) }}
    {%- elif function == 'keep_code' -%}
        {{ keep_code(column, type, rule.argument) }}
    {%- elif function == 'text_terms' -%}
        {{ text_terms(column, 'keyed_rows.own_people', type) }}
    {%- elif function == 'null_out' -%}
        {{ null_out(type) }}
    {%- elif function == 'set_const' -%}
        {{ set_const(type, rule.argument) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'deid: unknown function for column: ' ~ rule.column
        ) }}
    {%- endif -%}
{%- endmacro %}
