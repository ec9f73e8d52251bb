-- One row per SOP instance, its newest version, with pixels or without.

{{
    config(
        unique_key = 'sop_instance_uid',
        pre_hook = "{{ mark_stale('images') }}",
        post_hook = ["{{ sweep_stale() }}", "{{ hide_years('images') }}"]
    )
}}

with newest as (
    {{ newest_rows('images') }}
),

deidentified as (
    {{ deidentified('images', 'newest') }}
)

select * from deidentified
