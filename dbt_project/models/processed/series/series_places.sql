-- One row per image that may be a slice: where it lies on the normal of its series.
-- PS3.3 C.7.6.2.1.1: position and the two directions, in mm, of the patient's axes.

{{ config(materialized = 'ephemeral', contract = {'enforced': false}) }}

with images as (
    select
        *,
        {{ item_of('image_position_patient_mm', 1) }} as p1,
        {{ item_of('image_position_patient_mm', 2) }} as p2,
        {{ item_of('image_position_patient_mm', 3) }} as p3,
        {{ item_of('image_orientation_patient', 1) }} as r1,
        {{ item_of('image_orientation_patient', 2) }} as r2,
        {{ item_of('image_orientation_patient', 3) }} as r3,
        {{ item_of('image_orientation_patient', 4) }} as c1,
        {{ item_of('image_orientation_patient', 5) }} as c2,
        {{ item_of('image_orientation_patient', 6) }} as c3
    from {{ ref('stg_images') }}
    where has_pixel_data and not {{ has_item('image_type', 'LOCALIZER') }}
),

normals as (
    select
        *,
        r2 * c3 - r3 * c2 as n1,
        r3 * c1 - r1 * c3 as n2,
        r1 * c2 - r2 * c1 as n3
    from images
),

units as (
    select
        *,
        n1 / nullif(sqrt(n1 * n1 + n2 * n2 + n3 * n3), 0) as u1,
        n2 / nullif(sqrt(n1 * n1 + n2 * n2 + n3 * n3), 0) as u2,
        n3 / nullif(sqrt(n1 * n1 + n2 * n2 + n3 * n3), 0) as u3
    from normals
),

firsts as (
    select
        series_instance_uid,
        u1,
        u2,
        u3
    from units
    where u1 is not null
    qualify
        row_number() over (
            partition by series_instance_uid
            order by sop_instance_uid
        ) = 1
)

select
    units.series_instance_uid,
    units.sop_instance_uid,
    units.acquisition_number,
    units.temporal_position_identifier,
    units.instance_number,
    units.images_in_acquisition,
    units.number_of_series_related_instances,
    units.in_concatenation_total_number,
    coalesce(units.number_of_frames, 1) as frames,
    units.p1 * firsts.u1 + units.p2 * firsts.u2 + units.p3 * firsts.u3 as distance_mm,
    units.u1 * firsts.u1 + units.u2 * firsts.u2 + units.u3 * firsts.u3 as cosine
from units
left join firsts on units.series_instance_uid = firsts.series_instance_uid
