{# Columns of a raw table in the order of the catalogue; vrs: only those of these VRs. #}
{% macro raw_columns(table, vrs=none) -%}
    {%- set names = [] -%}
    {%- for name, vr in catalogue(table).items() if vrs is none or vr in vrs -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
