-- No identity, no key: strangers without an identity do not become one patient. Equal
-- identities of two classes do not link.

with identities as (
    select
        cast(null as varchar) as patient_identity,
        cast(null as varchar) as device_identity
    union all
    select 'ISS 1', 'ISS 1'
),

keys as (
    select
        patient_identity,
        {{ surrogate_key('patient_id', 'identities') }} as patient_key,
        {{ surrogate_key('device', 'identities') }} as device_key
    from identities
)

select *
from keys
where
    (patient_identity is null) != (patient_key is null)
    or patient_key = device_key
    or length(patient_key) != 64
