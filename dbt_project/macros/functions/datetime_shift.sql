{#
    Instant moved like date_shift; the time of day stays, an offset from UTC is gone.

    Arguments: as of date_shift.
#}
{% macro datetime_shift(column, days, profile=none) -%}
    {%- if (profile or deid_profile()) == 'limited' -%}
        {{ try_type(column, 'timestamp') }}
    {%- else -%}
        {{ days_before(try_type(column, 'timestamp'), days, 'timestamp') }}
    {%- endif -%}
{%- endmacro %}
