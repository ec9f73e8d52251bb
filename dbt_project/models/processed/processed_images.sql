-- One row per JPEG with all that is left of its image, series, study, patient, device.

with jpegs as (
    select
        sop_instance_uid,
        frame,
        jpeg_key,
        bytes as jpeg_bytes,
        sha256 as jpeg_sha256,
        width as jpeg_width,
        height as jpeg_height,
        window_center as jpeg_window_center,
        window_width as jpeg_window_width,
        warnings as jpeg_warnings,
        pixel_decision,
        pixel_reason,
        compressor_version
    from {{ ref('stg_compressed_images') }}
    where status = 'ok'
),

images as (
    select * from {{ ref('stg_images') }}
),

series as (
    select * from {{ ref('stg_series') }}
),

studies as (
    select * from {{ ref('stg_studies') }}
),

patients as (
    select * from {{ ref('stg_patients') }}
),

devices as (
    select * from {{ ref('stg_devices') }}
)

select
    jpegs.*,
    {{ columns_of([
        ('stg_images', 'images'),
        ('stg_series', 'series'),
        ('stg_studies', 'studies'),
        ('stg_patients', 'patients'),
        ('stg_devices', 'devices')
    ], without=['sop_instance_uid']) }}
from jpegs
left join images on jpegs.sop_instance_uid = images.sop_instance_uid
left join series on images.series_instance_uid = series.series_instance_uid
left join studies on images.study_instance_uid = studies.study_instance_uid
left join patients on images.patient_key = patients.patient_key
left join devices on images.device_key = devices.device_key
