{#
    Columns of a stage source, each as the type that its own model promises.

    The table is already pseudonymous: its rows are made with the same key elsewhere.
#}
{% macro typed_columns(table, alias) -%}
    {%- if not execute -%}
        *
    {%- else -%}
        {%- do assert_key() -%}
        {%- set columns = graph.nodes['model.dicom_pipeline.stg_' ~ table].columns -%}
        {%- for column in columns.values() -%}
            {{ try_type(alias ~ '.' ~ column.name, column.data_type) }} as {{ column.name }}
            {%- if not loop.last %},
    {% endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
