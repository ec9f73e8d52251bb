-- One row per SOP instance, with what became of its pixels.

with images as (
    select * from {{ ref('stg_images') }}
),

jpegs as (
    select
        sop_instance_uid,
        count(case when status = 'ok' then 1 end) as jpeg_count,
        min(pixel_decision) as pixel_decision,
        min(pixel_reason) as pixel_reason
    from {{ ref('stg_compressed_images') }}
    group by sop_instance_uid
)

select
    {{ columns_of([('stg_images', 'images')]) }},
    cast(coalesce(jpegs.jpeg_count, 0) as bigint) as jpeg_count,
    jpegs.pixel_decision,
    jpegs.pixel_reason
from images
left join jpegs on images.sop_instance_uid = jpegs.sop_instance_uid
