{# The schema is called what the layer is called, without a prefix of the target. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ return((custom_schema_name or target.schema) | trim) }}
{%- endmacro %}
