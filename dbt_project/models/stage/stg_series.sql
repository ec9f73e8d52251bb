-- One row per series: how the newest instance describes it.

{{
    config(
        unique_key = 'series_instance_uid',
        pre_hook = "{{ mark_stale('series') }}",
        post_hook = ["{{ sweep_stale() }}", "{{ hide_years('series') }}"]
    )
}}

with newest as (
    {{ newest_rows('series') }}
),

deidentified as (
    {{ deidentified('series', 'newest') }}
)

select * from deidentified
