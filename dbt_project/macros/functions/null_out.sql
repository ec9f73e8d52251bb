{# Null of the target type: the column stays, its content never. #}
{% macro null_out(type) -%}
    cast(null as {{ type }})
{%- endmacro %}
