-- One row per patient, with the person that he is.

with patients as (
    select * from {{ ref('stg_patients') }}
),

persons as (
    select
        persons.patient_key,
        persons.person_key
    from {{ ref('stg_persons') }} as persons
    -- The oldest may not be built yet, or be erased: until then each is his own.
    inner join patients as oldest on persons.person_key = oldest.patient_key
)

select
    {{ columns_of([('stg_patients', 'patients')]) }},
    coalesce(persons.person_key, patients.patient_key) as person_key
from patients
left join persons on patients.patient_key = persons.patient_key
