{#
    A constant where there is a text; null where there is none.

    That something was said is kept, what was said is not.
#}
{% macro anon_text(column) -%}
    case when trim(cast({{ column }} as varchar)) != '' then 'ANON_TEXT' end
{%- endmacro %}
