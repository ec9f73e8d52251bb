{#
    Which of some patients were ever older than 89, as far as any of their rows tells.

    By an age that was sent, by birth date and newest month of a study, or by the newest
    age and the months since then. In doubt about months it says yes.

    45 CFR 164.514(b)(2)(i)(C): ages over 89, and years that indicate such an age.
#}
{% macro over_89(rows) -%}
    select
        patient_identity,
        coalesce(
            max(age) > 89
            or max(seen) - min(born) >= 90 * 12
            or max(case when seen = told then last_seen - seen + age * 12 + 11 end)
            >= 90 * 12 and max(told) < max(last_seen),
            false
        ) as is_over_89
    from (
        select
            *,
            max(seen) over (partition by patient_identity) as last_seen,
            max(case when age is not null then seen end)
                over (partition by patient_identity) as told
        from (
            select
                patient_identity,
                case
                    when {{ matches('upper(trim(patient_age))', '[0-9]{3}Y') }}
                        then {{ try_type('left(trim(patient_age), 3)', 'integer') }}
                end as age,
                extract(year from {{ try_type('patient_birth_date', 'date') }}) * 12
                + extract(month from {{ try_type('patient_birth_date', 'date') }}) as born,
                {{ try_type('left(month, 4)', 'integer') }} * 12
                + {{ try_type('substring(month, 6, 2)', 'integer') }} as seen
            from {{ source('raw', 'patients') }}
            where patient_identity in (select patient_identity from {{ rows }})
        ) as told
    ) as versions
    group by patient_identity
{%- endmacro %}
