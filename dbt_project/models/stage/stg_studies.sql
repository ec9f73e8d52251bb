-- One row per study: how the newest instance describes it.

{{
    config(
        unique_key = 'study_instance_uid',
        pre_hook = "{{ mark_stale('studies') }}",
        post_hook = ["{{ sweep_stale() }}", "{{ hide_years('studies') }}"]
    )
}}

with newest as (
    {{ newest_rows('studies') }}
),

deidentified as (
    {{ deidentified('studies', 'newest') }}
)

select * from deidentified
