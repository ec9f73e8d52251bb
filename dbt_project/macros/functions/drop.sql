{# A dropped column has no expression: `deidentified` leaves it out. #}
{% macro drop() -%}
    {{ exceptions.raise_compiler_error('deid: a dropped column was asked for') }}
{%- endmacro %}
