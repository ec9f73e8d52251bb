{#
    Year of a date, for devices: a device has no patient's shift, and a true day next to
    shifted ones would give the shift away.
#}
{% macro year_only(column) -%}
    {{ try_type('extract(year from ' ~ try_type(column, 'date') ~ ')', 'smallint') }}
{%- endmacro %}
