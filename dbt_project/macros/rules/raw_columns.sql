{# Columns of a raw table as the generated sources list them; vr: only these VRs. #}
{% macro raw_columns(table, vr=none) -%}
    {%- set source = graph.sources['source.dicom_pipeline.raw.' ~ table] -%}
    {%- set names = [] -%}
    {%- for column in source.columns.values() -%}
        {%- if vr is none or column.meta.get('vr') in vr -%}
            {%- do names.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
