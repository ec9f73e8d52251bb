{# Several text columns, and one text more, as one text parted by spaces; nulls are empty. #}
{% macro joined_texts(columns, alias=none, more=none) -%}
    {%- for column in columns -%}
        coalesce({{ alias ~ '.' if alias else '' }}{{ column }}, '') || ' ' ||
    {% endfor -%}
    coalesce({{ more or "''" }}, '')
{%- endmacro %}
