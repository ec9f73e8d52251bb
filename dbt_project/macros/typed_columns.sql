{#
    Columns that the contract of the model lists, each as the type that it promises.

    The table is already pseudonymous: its rows are made with the same key elsewhere.
#}
{% macro typed_columns(alias) -%}
    {%- if not execute -%}
        *
    {%- else -%}
        {%- do assert_key() -%}
        {%- for column in model.columns.values() -%}
            {{ try_type(alias ~ '.' ~ column.name, column.data_type) }} as {{ column.name }}
            {%- if not loop.last %},
    {% endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
