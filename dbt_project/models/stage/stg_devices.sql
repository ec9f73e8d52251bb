-- One row per device: how the newest instance describes it.

{{
    config(
        unique_key = 'device_key',
        pre_hook = "{{ mark_stale('devices') }}",
        post_hook = "{{ sweep_stale() }}"
    )
}}

with newest as (
    {{ newest_rows('devices') }}
),

deidentified as (
    {{ deidentified('devices', 'newest') }}
)

select * from deidentified
