{#
    After a run in profile safe_harbor: no year stays beside a patient older than 89.

    Over the whole table, because a new age may be about rows of older months.

    45 CFR 164.514(b)(2)(i)(C): all elements of dates (including year) indicative of such
    age.
#}
{% macro hide_years(table) -%}
    {%- if execute and deid_profile() == 'safe_harbor' -%}
        {%- set years = [] -%}
        {%- for rule in deid_rules(table) if rule.function == 'year_only' -%}
            {%- do years.append(rule.name) -%}
        {%- endfor -%}
        update {{ this }}
        set {% for year in years %}{{ year }} = null{% if not loop.last %}, {% endif %}{% endfor %}
        where
            coalesce({{ years | join(', ') }}) is not null
            and patient_key in (
                select {{ phi_token("'patient_id'", 'patient_identity') }}
                from ({{ over_89(source('raw', 'patients')) }}) as ages
                where is_over_89
            )
    {%- endif -%}
{%- endmacro %}
