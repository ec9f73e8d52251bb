{#
    Rows with what their rules need beside the column itself: the patient's key, the
    patient's shift, and every text of a person that descriptions must not repeat.

    A description may hold the patient's name, which the rows of a study or series do not:
    names and ids come from the raw patients of the same identity.

    Arguments: as of deidentified, and the rules of the table.
#}
{% macro keyed_rows(table, rows, rules) -%}
    {%- set functions = rules | map(attribute='function') | list -%}
    {%- set columns = raw_columns(table) -%}
    {%- set has_patient = 'patient_identity' in columns -%}
    {%- set names_people = 'text_terms' in functions -%}
    {%- set asks_age = 'age_cap' in functions and deid_profile() == 'safe_harbor' -%}
    select
        {{ rows }}.*,
        {%- if has_patient %}
        {{ phi_token("'patient_id'", rows ~ '.patient_identity') }} as own_patient_key,
        {%- if 'date_shift' in functions or 'datetime_shift' in functions %}
        {{ phi_shift_days(
            phi_token("'patient_id'", rows ~ '.patient_identity')
        ) }} as own_shift_days,
        {%- endif %}
        {%- endif %}
        {%- if asks_age %}
        ages.is_over_89 as own_is_over_89,
        {%- endif %}
        {%- if names_people %}
        {{ joined_texts(
            raw_columns(table, ['PN']), rows, 'people.texts' if has_patient else none
        ) }} as own_people,
        {%- endif %}
        null as own_end
    from {{ rows }}
    {%- if names_people and has_patient %}
    left join (
        select
            patient_identity,
            {{ all_texts(joined_texts(
                ['patient_id', 'patient_name', 'other_patient_ids',
                 'other_patient_names', 'patient_birth_name',
                 'patient_mother_birth_name', 'responsible_person', 'name_to_use']
            )) }} as texts
        from {{ source('raw', 'patients') }}
        where patient_identity in (select patient_identity from {{ rows }})
        group by patient_identity
    ) as people
        on {{ rows }}.patient_identity = people.patient_identity
    {%- endif %}
    {%- if asks_age %}
    left join ({{ over_89(rows) }}) as ages
        on {{ rows }}.patient_identity = ages.patient_identity
    {%- endif %}
{%- endmacro %}
