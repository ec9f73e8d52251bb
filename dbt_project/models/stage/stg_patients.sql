-- One row per patient: how the newest instance describes them, without who they are.

{{
    config(
        unique_key = 'patient_key',
        pre_hook = "{{ mark_stale('patients') }}",
        post_hook = "{{ sweep_stale() }}"
    )
}}

with newest as (
    {{ newest_rows('patients') }}
),

deidentified as (
    {{ deidentified('patients', 'newest') }}
)

select * from deidentified
