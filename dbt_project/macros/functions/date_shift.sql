{#
    Date moved into the past by the patient's own number of whole weeks.

    One number for all tables of a patient: intervals and weekdays stay. The profile
    `limited` keeps dates. What is no date is null.

    Arguments:
        column (str): date column.
        days (str): expression of the patient's shift, days.
#}
{% macro date_shift(column, days, profile=none) -%}
    {%- if (profile or deid_profile()) == 'limited' -%}
        {{ try_type(column, 'date') }}
    {%- else -%}
        {{ days_before(try_type(column, 'date'), days, 'date') }}
    {%- endif -%}
{%- endmacro %}
